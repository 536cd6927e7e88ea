/**
 * Only who reads a TIFF that the native decoder refuses loads it.
 *
 * The last of version 2: version 3 reads tables of a big-endian file in the wrong byte order.
 */
export const loadGeotiff = () => import("npm:geotiff@2.1.3");
