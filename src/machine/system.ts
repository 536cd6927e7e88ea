import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { driverPackageFor, readOsRelease } from "../setup/vulkan.ts";

/** What a machine is, beside its GPU. */
export interface SystemFacts {
  deno: string;
  /** Such as "Debian GNU/Linux 12 (bookworm), x86_64". */
  os: string;
  cores: number;
  memoryBytes: number;
  availableBytes: number;
  /** Free for us in the working directory; null where that cannot be asked. */
  diskFreeBytes: number | null;
}

/** Asks the system what it is. */
export async function systemFacts(): Promise<SystemFacts> {
  const { total, available } = Deno.systemMemoryInfo();
  const [, name] = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readOsRelease()) ?? [];
  return {
    deno: Deno.version.deno,
    os: `${name ?? `${Deno.build.os} ${Deno.osRelease()}`}, ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    memoryBytes: total,
    availableBytes: available,
    diskFreeBytes: await diskFree(),
  };
}

async function diskFree(): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(".");
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** What to do where no adapter is found: a line of words, then the commands, if we know them. */
export function driverRemedy(os = Deno.build.os, osRelease = readOsRelease()): string[] {
  if (os !== "linux") return ["install the newest driver of your GPU, then run this again"];
  const driver = driverPackageFor(osRelease);
  const packages = driver?.commands.map((command) => `  sudo ${command.join(" ")}`);
  return [
    "install your GPU's Vulkan driver, or a software one (Mesa's lavapipe)",
    ...packages ?? [],
  ];
}

/** Words for a GPU that the system shows, but Vulkan does not; none where there is no sign of one. */
export function hiddenGpuHint(exists: (path: string) => boolean = existsSync): string[] {
  if (exists("/dev/nvidia0")) {
    return [
      "an NVIDIA GPU is here, but Vulkan does not see it: install the driver's Vulkan part",
      "(libnvidia-gl-*), or start a container with NVIDIA_DRIVER_CAPABILITIES=all",
    ];
  }
  if (exists("/dev/dri/renderD128")) {
    return [
      "a GPU is here, but Vulkan does not see it: install its Vulkan driver, and be of the",
      "group that may use it (sudo usermod -aG render,video $USER)",
    ];
  }
  return [];
}
