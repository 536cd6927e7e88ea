/** Only a run with a TOML file of settings loads it. */
export const loadToml = () => import("npm:smol-toml@1.9.1");
