import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { TINY_RUN, withTinyRun } from "./support/tiny_run.ts";

const ROOT = new URL("../", import.meta.url);

const CONTENT_TYPES: Record<string, string> = {
  ts: "text/typescript",
  css: "text/css",
  js: "text/javascript",
  wgsl: "application/wgsl",
};

/** What a host gives out: sources and kernels, and neither `deno.json` nor the lock file. */
async function serve(request: Request, served: Set<string>): Promise<Response> {
  const { pathname } = new URL(request.url);
  const type = CONTENT_TYPES[pathname.split(".").at(-1)!];
  const isOurs = pathname === "/mod.ts" || /^\/(src|kernels)\//.test(pathname);
  if (type === undefined || !isOurs) return new Response("not here", { status: 404 });
  served.add(pathname);
  const body = await readFile(fileURLToPath(new URL(`.${pathname}`, ROOT)), "utf8");
  return new Response(body, { headers: { "content-type": `${type}; charset=utf-8` } });
}

/** A program of two steps that knows this project by its address alone. */
function program(origin: string, folder: string): string {
  const settings = { ...TINY_RUN, steps: 2, data: `${folder}/data`, out: `${folder}/run` };
  return `import { train } from "${origin}/mod.ts";

const losses: number[] = [];
const { finished } = await train(${JSON.stringify(settings)}, {
  onStep: ({ train_loss }) => losses.push(train_loss),
});
console.log(JSON.stringify({ finished, losses }));
`;
}

Deno.test("train() works when it is imported by URL", async () => {
  const served = new Set<string>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => serve(request, served),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  try {
    await withTinyRun(async (folder) => {
      equal(await (await fetch(`${origin}/deno.json`)).text(), "not here");
      await writeFile(`${folder}/main.ts`, program(origin, folder));
      const args = ["run", "-A", "--no-config", "--no-lock", `--reload=${origin}`, "main.ts"];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: folder,
        env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
      }).output();
      const text = new TextDecoder();
      equal(code, 0, text.decode(stderr));
      const { finished, losses } = JSON.parse(text.decode(stdout).trim().split("\n").at(-1)!);
      equal(finished, true);
      equal(losses.length, 2);
      ok(losses.every((loss: number) => Number.isFinite(loss) && loss > 0), losses.join());
    }, 8);
  } finally {
    await server.shutdown();
  }
  // The worker came from the same address; the kernels too, each as a text import.
  ok(served.has("/src/data/view_worker.ts"));
  const kernels = readdirSync(fileURLToPath(new URL("kernels/", ROOT)), {
    recursive: true,
    encoding: "utf8",
  }).filter((file) => file.endsWith(".wgsl"));
  deepEqual(kernels.filter((file) => !served.has(`/kernels/${file}`)), []);
});
