"""PyTorch as a peer: python3 torch_peer.py cpu|fp32|tf32|bf16 THREADS

Answers the requests of protocol.ts, a line of JSON each. "cpu" is float32 on the processor; the
others are a CUDA GPU in float32 with TF32 off, with TF32, and under bfloat16 autocast.
"""

import array
import json
import os
import re
import sys
import time

MODE, THREADS = sys.argv[1], sys.argv[2]
os.environ.setdefault("OMP_NUM_THREADS", THREADS)
os.environ.setdefault("OPENBLAS_NUM_THREADS", THREADS)
# Threads that wait must not take the processor from the peer whose turn it is.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def answer(value):
    print("peer: " + json.dumps(value), flush=True)


def fail(error):
    lines = (str(error) or type(error).__name__).strip().splitlines()
    answer({"error": lines[0][:300]})


def blas():
    """The library that does the matrix products of the processor."""
    maps = open("/proc/self/maps").read() if os.path.exists("/proc/self/maps") else ""
    for pattern, name in [("mkl", "MKL"), ("openblas", "OpenBLAS"), ("/libblas", "reference BLAS")]:
        if re.search(pattern, maps):
            return name
    return "its own"


def introduce():
    if MODE == "cpu":
        torch.set_num_threads(int(THREADS))
        torch.ones(64, 64) @ torch.ones(64, 64)  # loads the library
        answer({
            "versions": {"torch": torch.__version__, "python": sys.version.split()[0]},
            "device": f"{blas()}, {THREADS} threads",
            "software": True,
        })
        return
    if not torch.cuda.is_available():
        raise RuntimeError("finds no CUDA device")
    allowed = MODE == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
    answer({
        "versions": {"torch": torch.__version__, "cuda": torch.version.cuda},
        "device": torch.cuda.get_device_name(),
        "software": False,
    })


def read(folder, name, shape):
    with open(f"{folder}/{name}.f32", "rb") as file:
        values = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    return values.view(shape).to(DEVICE)


def write(folder, name, tensor):
    values = tensor.detach().float().cpu().contiguous().flatten()
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}.f32", "wb") as file:
        array.array("f", values.tolist()).tofile(file)


def prepare(task):
    shapes = task["inputShapes"].items()
    inputs = {name: read(task["inputFolder"], name, shape) for name, shape in shapes}
    work = torch_works.work(task["kind"], task["settings"], inputs, autocast)
    for name, tensor in work.outputs().items():
        write(task["outputFolder"], name, tensor)
    return work


def autocast():
    """Where the forward passes run: bfloat16 products if that was asked for."""
    return torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=MODE == "bf16")


def wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def run(work, repeats):
    wait()
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        work.run()
    wait()
    wall_ms = 1000 * (time.perf_counter() - start)
    return {"wallMs": wall_ms, "cpuMs": 1000 * (time.process_time() - cpu)}


def serve():
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["ask"] == "run":
                answer(run(work, request["repeats"]))
                continue
            work = None
            if request["ask"] == "prepare":
                work = prepare(request["task"])
            answer({})
        except Exception as error:
            fail(error)


try:
    import torch
    import torch_works

    DEVICE = "cpu" if MODE == "cpu" else "cuda"
    introduce()
    serve()
except Exception as error:
    fail(error)
