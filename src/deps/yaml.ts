/** Only a run with a YAML file of settings loads it. */
export const loadYaml = () => import("npm:yaml@2.9.1");
