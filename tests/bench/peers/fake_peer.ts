import { type Prepared, serve } from "../../../bench/peers/protocol.ts";

const [manner] = Deno.args;

/** Timers would keep a test waiting: this one only holds the thread. */
const wait = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

await serve(() => {
  if (manner === "absent") throw new Error("finds no GPU\nand more that nobody reads");
  if (manner === "silent") wait(60_000);
  console.log("a library says what it likes");
  return Promise.resolve({
    introduction: { versions: {}, device: "none", software: true },
    prepare(_, { x }): Promise<Prepared> {
      if (manner === "failing") throw new Error("has no memory left");
      if (manner === "dying") Deno.exit(3);
      const data = x.data.map((value) => 2 * value);
      if (manner === "wrong") data[1] += 1;
      const y = manner === "short" ? data.slice(1) : data;
      return Promise.resolve({
        outputs: () => Promise.resolve({ y: { shape: [y.length], data: y } }),
        run: () => Promise.resolve(wait(manner === "slow" ? 250 : 50)).then(() => {}),
      });
    },
  });
});
