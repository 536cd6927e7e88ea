import { locationText } from "../images/image_set.ts";
import type { ItemJob, ItemSettings, MadeItem } from "./item.ts";
import type { WorkerReply, WorkerRequest } from "./view_worker.ts";

/** Images a worker holds, so that it has work while this thread waits for the GPU. */
const JOBS_PER_WORKER = 8;

/** Worker deaths on one image before it counts as unreadable. */
const STRIKES = 2;

/** Deaths of each worker without a reply of any, after which they cannot be had at all. */
const MAX_DEATHS = 10;

/** After a time-out, time for replies that a busy thread has not looked at yet. */
const GRACE_MS = 1000;

interface Task {
  id: number;
  job: ItemJob;
  strikes: number;
  resolve(item: MadeItem): void;
  reject(error: Error): void;
}

interface Slot {
  worker: Worker;
  tasks: Task[]; // sent and unanswered, oldest first
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Worker threads that make items; one that dies or hangs is replaced. */
export class ViewPool {
  readonly #slots: Slot[] = [];
  readonly #waiting: Task[] = [];
  readonly #settings: ItemSettings;
  readonly #script: URL;
  readonly #timeoutMs: number;
  /** Why there are no workers any more: they cannot start. */
  failure: Error | undefined;
  #nextId = 0;
  #deaths = 0; // since the last reply
  #closed: Error | undefined;

  constructor(
    settings: ItemSettings,
    numWorkers: number,
    { script = new URL("./view_worker.ts", import.meta.url), timeoutMs = 60_000 }: {
      script?: URL;
      timeoutMs?: number;
    } = {},
  ) {
    this.#settings = settings;
    this.#script = script;
    this.#timeoutMs = timeoutMs;
    for (let i = 0; i < numWorkers; i++) this.#slots.push(this.#open());
  }

  /**
   * Makes the item of one image in a worker, as `makeItem` does.
   *
   * @throws {Error} If the image cannot be read, or the pool is closed.
   */
  make(job: ItemJob): Promise<MadeItem> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      this.#waiting.push({ id: this.#nextId++, job, strikes: 0, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers; what was asked and not answered is rejected. */
  close(reason = closedError()): void {
    this.#closed = reason;
    for (const { worker, timer, tasks } of this.#slots.splice(0)) {
      clearTimeout(timer);
      worker.terminate();
      this.#waiting.push(...tasks);
    }
    for (const task of this.#waiting.splice(0)) task.reject(reason);
  }

  #open(): Slot {
    const worker = new Worker(this.#script, { type: "module", name: "views" });
    const slot: Slot = { worker, tasks: [], timer: undefined };
    worker.postMessage(this.#settings);
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => this.#receive(slot, data);
    worker.onerror = (event) => {
      event.preventDefault(); // else the whole process ends
      this.#replace(slot, event.message);
    };
    return slot;
  }

  /** Sends waiting tasks, one at a time to the worker that has the fewest. */
  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#slots.length > 0) {
      const slot = this.#slots.reduce((a, b) => (b.tasks.length < a.tasks.length ? b : a));
      if (slot.tasks.length >= JOBS_PER_WORKER) return;
      const task = this.#waiting.shift()!;
      slot.tasks.push(task);
      slot.worker.postMessage({ id: task.id, job: task.job } satisfies WorkerRequest);
      if (slot.tasks.length === 1) this.#watch(slot);
    }
  }

  #receive(slot: Slot, reply: WorkerReply): void {
    const at = slot.tasks.findIndex((task) => task.id === reply.id);
    if (at < 0) return;
    this.#deaths = 0;
    const [task] = slot.tasks.splice(at, 1);
    this.#watch(slot);
    if ("error" in reply) task.reject(new Error(reply.error));
    else task.resolve(reply.item);
    this.#dispatch();
  }

  /** Starts the clock for the oldest task of a worker anew. */
  #watch(slot: Slot): void {
    clearTimeout(slot.timer);
    slot.timer = undefined;
    if (slot.tasks.length === 0) return;
    slot.timer = setTimeout(() => {
      slot.timer = setTimeout(
        () => this.#replace(slot, `no answer in ${this.#timeoutMs} ms`),
        GRACE_MS,
      );
    }, this.#timeoutMs);
  }

  /** Puts a fresh worker in the place of a dead one; the image it died on gets a strike. */
  #replace(slot: Slot, reason: string): void {
    const at = this.#slots.indexOf(slot);
    if (at < 0) return;
    clearTimeout(slot.timer);
    slot.worker.terminate();
    if (++this.#deaths > MAX_DEATHS * this.#slots.length) {
      this.failure = lifelessError(reason);
      return this.close(this.failure);
    }
    this.#slots[at] = this.#open();
    const [suspect, ...others] = slot.tasks;
    this.#waiting.unshift(...others);
    if (suspect !== undefined && ++suspect.strikes >= STRIKES) {
      suspect.reject(
        new Error(
          `Cannot render views: worker must survive ${
            locationText(suspect.job.at)
          }, got ${reason}; ` +
            `remove the image or lower num_workers`,
        ),
      );
    } else if (suspect !== undefined) {
      this.#waiting.unshift(suspect);
    }
    this.#dispatch();
  }
}

function closedError(): Error {
  return new Error("Cannot render views: pool must be open, got a closed one; make a new one");
}

function lifelessError(reason: string): Error {
  return new Error(
    `Cannot render views: workers must start, got ${reason}; see that the program's files are there`,
  );
}
