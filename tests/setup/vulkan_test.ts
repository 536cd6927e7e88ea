import { deepEqual, equal } from "node:assert/strict";
import { driverPackageFor } from "../../src/setup/vulkan.ts";

Deno.test("driverPackageFor() knows the families of systems", () => {
  const first = (osRelease: string) => driverPackageFor(osRelease)?.commands[0].slice(0, 2);
  deepEqual(first('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n'), ["apt-get", "update"]);
  deepEqual(first('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), ["apt-get", "update"]);
  deepEqual(first('ID="rocky"\nID_LIKE="rhel centos fedora"\n'), ["dnf", "install"]);
  deepEqual(first("ID=arch\n"), ["pacman", "-S"]);
  deepEqual(first('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n'), ["zypper", "install"]);
  equal(first("ID=haiku\n"), undefined);
  equal(first(""), undefined);
});

Deno.test("driverPackageFor() lets only apt-get run by itself", () => {
  const automatic = ["debian", "fedora", "arch", "suse"]
    .filter((id) => driverPackageFor(`ID=${id}\n`)?.automatic);
  deepEqual(automatic, ["debian"]);
});
