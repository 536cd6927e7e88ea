import { deepEqual } from "node:assert/strict";
import { driverRemedy, hiddenGpuHint } from "../../src/machine/system.ts";

Deno.test("driverRemedy() knows the commands of a Linux system, and words for others", () => {
  deepEqual(driverRemedy("linux", "ID=debian\n"), [
    "install your GPU's Vulkan driver, or a software one (Mesa's lavapipe)",
    "  sudo apt-get update",
    "  sudo apt-get install -y mesa-vulkan-drivers libvulkan1",
  ]);
  deepEqual(driverRemedy("linux", "ID=haiku\n").length, 1);
  deepEqual(driverRemedy("windows", ""), [
    "install the newest driver of your GPU, then run this again",
  ]);
});

Deno.test("hiddenGpuHint() tells of a GPU that Vulkan does not see", () => {
  const hint = (...found: string[]) => hiddenGpuHint((path) => found.includes(path)).join(" ");
  deepEqual(hint(), "");
  deepEqual(
    hint("/dev/nvidia0", "/dev/dri/renderD128"),
    "an NVIDIA GPU is here, but Vulkan does not see it: install the driver's Vulkan part " +
      "(libnvidia-gl-*), or start a container with NVIDIA_DRIVER_CAPABILITIES=all",
  );
  deepEqual(
    hint("/dev/dri/renderD128"),
    "a GPU is here, but Vulkan does not see it: install its Vulkan driver, and be of the " +
      "group that may use it (sudo usermod -aG render,video $USER)",
  );
});
