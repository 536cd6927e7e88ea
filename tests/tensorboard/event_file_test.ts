import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { encodeEvent } from "../../src/tensorboard/event.ts";
import { EventFile } from "../../src/tensorboard/event_file.ts";
import { readEvents } from "../support/event_files.ts";

/** A file of three events, and what is in it. */
async function withEvents(body: (bytes: Uint8Array, name: string) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    let path: string;
    {
      using events = new EventFile(folder);
      path = events.path;
      events.write(0, { kind: "scalars", scalars: { train_loss: 11.75, "a/b": 0 } });
      events.write(300, { kind: "restart" });
      events.write(5_000_000_000, { kind: "scalars", scalars: { "größe": -1e-7 } });
    }
    await body(new Uint8Array(await readFile(path)), basename(path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("EventFile writes what an independent reader finds", async () => {
  const before = Date.now() / 1000;
  await withEvents((bytes, name) => {
    match(name, /^events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+$/);
    const { events, end } = readEvents(bytes);
    equal(end, "end of file");
    for (const { wall_time } of events) {
      ok(wall_time >= before && wall_time <= Date.now() / 1000, String(wall_time));
    }
    deepEqual(events.map(({ wall_time: _time, ...rest }) => rest), [
      { file_version: "brain.Event:2" },
      {
        summary: {
          value: [{ tag: "train_loss", simple_value: 11.75 }, { tag: "a/b", simple_value: 0 }],
        },
      },
      { step: 300, session_log: { status: "START" } },
      {
        step: 5_000_000_000,
        summary: { value: [{ tag: "größe", simple_value: Math.fround(-1e-7) }] },
      },
    ]);
  });
});

Deno.test("a later file has a later name, whatever the clock says", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/events.out.tfevents.4000000000.host.1.0`, "");
  const names = Array.from({ length: 12 }, () => {
    using events = new EventFile(folder);
    return basename(events.path);
  });
  ok(names[0].startsWith("events.out.tfevents.4000000001."), names[0]);
  deepEqual(names.toSorted(), names);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a file that was cut off anywhere keeps every whole event", async () => {
  await withEvents((bytes) => {
    const ends = [0];
    const view = new DataView(bytes.buffer);
    while (ends[ends.length - 1] < bytes.length) {
      const at = ends[ends.length - 1];
      ends.push(at + 16 + Number(view.getBigUint64(at, true)));
    }
    for (let size = 0; size <= bytes.length; size++) {
      const { events, end } = readEvents(bytes.subarray(0, size));
      equal(events.length, ends.filter((at) => at > 0 && at <= size).length, `${size} bytes`);
      equal(end, ends.includes(size) ? "end of file" : "cut off", `${size} bytes`);
    }
  });
});

Deno.test("a bit that changes anywhere is found", async () => {
  await withEvents((bytes) => {
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      equal(readEvents(damaged).end, "damaged", `byte ${at}`);
    }
  });
});

Deno.test("encodeEvent() gives the bytes that the wire format prescribes", () => {
  const hex = (bytes: Uint8Array) =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  equal(
    hex(encodeEvent(1, 300, { kind: "scalars", scalars: { a: 1 } })),
    // wall_time 1.0, step 300, summary { value { tag "a", simple_value 1.0 } }
    "09 00 00 00 00 00 00 f0 3f 10 ac 02 2a 0a 0a 08 0a 01 61 15 00 00 80 3f",
  );
});
