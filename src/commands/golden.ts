import { replayGolden } from "../golden/golden.ts";

/** Replays recorded reference cases; returns how many quantities were out of tolerance. */
export function golden(folders: string[]): Promise<number> {
  return replayGolden(folders);
}
