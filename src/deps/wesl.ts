/** The linker without its WebGPU layer. */
export { linkRegistry, RecordResolver } from "npm:wesl@0.7.31/core";
