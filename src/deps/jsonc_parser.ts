/** Only a run with a JSON file of settings loads it. */
export const loadJsonc = () => import("npm:jsonc-parser@3.3.1");
