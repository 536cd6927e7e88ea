import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import { chromeTrace } from "./chrome_trace.ts";
import { profileChart } from "./profile_chart.ts";
import { describeProfile } from "./profile_text.ts";
import { type ProfileRecord, type StepProfile, stepProfile } from "./step_profile.ts";

/**
 * Adds up what was taken down, and leaves it in a folder: `profile.md`, `profile.json`,
 * `profile.png` and `trace.json`, each in place of an earlier one.
 *
 * @throws {Error} Names the file that cannot be written.
 */
export async function writeProfile(folder: string, record: ProfileRecord): Promise<StepProfile> {
  const profile = stepProfile(record);
  const files: [name: string, content: string | Uint8Array][] = [
    ["profile.md", markdownOf(profile)],
    ["profile.json", JSON.stringify(profile, null, 1) + "\n"],
    ["profile.png", profileChart(profile)],
    ["trace.json", JSON.stringify(chromeTrace(record)) + "\n"],
  ];
  await mkdir(folder, { recursive: true })
    .catch((error) => Promise.reject(writeRefused(folder, error)));
  for (const [name, content] of files) {
    const path = join(folder, name);
    await writeWhole(path, content).catch((error) => Promise.reject(writeRefused(path, error)));
  }
  return profile;
}

function markdownOf(profile: StepProfile): string {
  const { date, version, deno, adapter } = profile;
  const [summary, ...tables] = describeProfile(profile, { all: true }).split("\n\n");
  return [
    "# Where the time of a training step goes",
    summary.split("\n").map((line) => `- ${line}`).join("\n"),
    `${date}, denodino ${version}, Deno ${deno}, driver ${adapter.driver}`,
    "![A bar for each kernel and each part of the model](profile.png)",
    ...tables,
  ].join("\n\n") + "\n";
}
