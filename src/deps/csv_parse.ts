/** Only who reads labels from a table loads it. */
export const loadCsvParse = () => import("npm:csv-parse@7.0.3/sync");
