import { fileURLToPath } from "node:url";
import type { Numbers } from "./compare.ts";

/** How a peer is called, started, and what it computes in. */
export interface PeerStart {
  name: string;
  numbers: Numbers;
  command: [string, ...string[]];
}

/** Ourselves; everybody else is compared with this. */
export const OURSELVES: PeerStart = {
  name: "denodino",
  numbers: "fp32",
  command: [Deno.execPath(), "run", "-A", "--no-check", pathOf("denodino_peer.ts")],
};

/** Whom a user could pick instead; those that a machine lacks say so when they are started. */
export function peerList({ software, python }: { software: boolean; python: string }): PeerStart[] {
  const threads = String(navigator.hardwareConcurrency);
  const torch = (name: string, mode: string, numbers: Numbers = "fp32"): PeerStart => ({
    name: `PyTorch, ${name}`,
    numbers,
    command: [python, pathOf("torch_peer.py"), mode, threads],
  });
  return [
    { name: "jax-js, WebGPU", numbers: "fp32", command: deno("jax_js_peer.ts", "webgpu") },
    ...(software
      ? [
        { name: "jax-js, Wasm", numbers: "fp32", command: deno("jax_js_peer.ts", "wasm") } as const,
      ]
      : []),
    { name: "TensorFlow.js, WebGPU", numbers: "fp32", command: deno("tfjs_peer.ts") },
    ...(software ? [torch("CPU", "cpu")] : []),
    torch("CUDA fp32", "fp32"),
    torch("CUDA TF32", "tf32", "tf32"),
    torch("CUDA bf16", "bf16", "bf16"),
  ];
}

/** With a lock file apart: what stands in the project's own is downloaded by everybody. */
function deno(file: string, ...args: string[]): [string, ...string[]] {
  const flags = ["run", "-A", "--no-check", `--lock=${pathOf("deno.lock")}`];
  return [Deno.execPath(), ...flags, pathOf(file), ...args];
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
