import { timed } from "../support/duration.ts";
import { readArrays, writeArrays } from "./array_files.ts";
import { linesOf } from "./lines.ts";
import type { Arrays, Task } from "./work.ts";

/** What the bench asks of a peer, a line of JSON each. */
export type Request =
  | { ask: "prepare"; task: Task }
  | { ask: "run"; repeats: number }
  | { ask: "drop" };

/** What a peer is; its first line. */
export interface Introduction {
  versions: Record<string, string>;
  device: string;
  /** Whether the device is the processor. */
  software: boolean;
}

/** Lines that answer begin with this: libraries print what they like. */
export const MARK = "peer: ";

/** A task with its inputs in place. */
export interface Prepared {
  /** Runs once from the start values. */
  outputs(): Promise<Arrays>;
  /** Runs some times and waits until it is done. */
  run(repeats: number): Promise<void>;
  drop?(): void;
}

/** What a peer in Deno has to give. */
export interface Peer {
  introduction: Introduction;
  prepare(task: Task, inputs: Arrays): Promise<Prepared>;
}

/** Does what the lines of the standard input ask for; an error is an answer like another. */
export async function serve(open: () => Promise<Peer>): Promise<never> {
  const answer = (value: unknown) => console.log(MARK + JSON.stringify(value));
  try {
    const peer = await open();
    answer(peer.introduction);
    let prepared: Prepared | undefined;
    for await (const line of linesOf(Deno.stdin.readable)) {
      const request: Request = JSON.parse(line);
      try {
        if (request.ask === "run") {
          answer(await timed(() => prepared!.run(request.repeats)));
          continue;
        }
        prepared?.drop?.();
        prepared = undefined;
        if (request.ask === "prepare") {
          const { inputFolder, inputShapes, outputFolder } = request.task;
          prepared = await peer.prepare(request.task, await readArrays(inputFolder, inputShapes));
          await writeArrays(outputFolder, await prepared.outputs());
        }
        answer({});
      } catch (error) {
        answer({ error: messageOf(error) });
      }
    }
  } catch (error) {
    answer({ error: messageOf(error) });
  }
  Deno.exit(0);
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0].slice(0, 300);
}
