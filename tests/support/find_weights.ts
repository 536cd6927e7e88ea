// A process of its own that looks for the tiny weights: find_weights.ts BASE FOLDER
import { findPretrained } from "../../src/weights/pretrained.ts";
import { published, surroundingsIn, TINY_PTH } from "./weights_server.ts";

const [base, folder] = Deno.args;
const weights = published(Deno.readFileSync(TINY_PTH));
console.log(await findPretrained(weights, { base, surroundings: surroundingsIn(folder) }));
