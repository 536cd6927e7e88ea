// Makes sure that there is a GPU adapter, a software one at the least; run as a script.
import { readFileSync } from "node:fs";
import process from "node:process";

/** How to install a software Vulkan driver on one family of systems. */
export interface DriverPackage {
  /** Commands in order, each a program with its arguments. */
  commands: string[][];
  /** Whether we run them ourselves where we may; elsewhere they are printed. */
  automatic: boolean;
}

const APT: DriverPackage = {
  commands: [
    ["apt-get", "update"],
    ["apt-get", "install", "-y", "mesa-vulkan-drivers", "libvulkan1"],
  ],
  automatic: true,
};
const DNF: DriverPackage = {
  commands: [["dnf", "install", "-y", "mesa-vulkan-drivers", "vulkan-loader"]],
  automatic: false,
};
const PACMAN: DriverPackage = {
  commands: [["pacman", "-S", "--noconfirm", "vulkan-swrast", "vulkan-icd-loader"]],
  automatic: false,
};
const ZYPPER: DriverPackage = {
  commands: [["zypper", "install", "-y", "Mesa-libVulkan", "libvulkan_lvp", "libvulkan1"]],
  automatic: false,
};

/** The driver package for the system that an os-release file describes, if we know it. */
export function driverPackageFor(osRelease: string): DriverPackage | undefined {
  const names = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)]
    .flatMap(([, value]) => value.split(" "));
  const is = (...families: string[]) => families.some((family) => names.includes(family));
  if (is("debian", "ubuntu")) return APT;
  if (is("fedora", "rhel", "centos")) return DNF;
  if (is("arch")) return PACMAN;
  if (is("suse", "opensuse")) return ZYPPER;
  return undefined;
}

/**
 * Whether WebGPU finds an adapter; asked in a fresh process, because one that found none keeps
 * that answer after a driver is installed. On Linux a Vulkan one is asked for, unless the user
 * chose otherwise: the GL that many systems have offers less than the kernels need.
 */
export async function hasAdapter(): Promise<boolean> {
  const probe = "Deno.exit(await navigator.gpu?.requestAdapter() ? 0 : 3)";
  const backend = Deno.build.os === "linux" ? "vulkan" : undefined;
  const chosen = Deno.env.get("DENO_WEBGPU_BACKEND") ?? backend;
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", probe],
    env: chosen === undefined ? {} : { DENO_WEBGPU_BACKEND: chosen },
    stdout: "null",
    stderr: "null",
  }).output();
  return code === 0;
}

/** Installs a software driver if there is no adapter; returns whether there is one in the end. */
export async function ensureAdapter(): Promise<boolean> {
  if (await hasAdapter()) return true;
  const driver = Deno.build.os === "linux" ? driverPackageFor(readOsRelease()) : undefined;
  if (driver === undefined) {
    console.error("Cannot open a GPU: no WebGPU adapter found; install a driver for your GPU");
    return false;
  }
  if (!driver.automatic || Deno.uid() !== 0) {
    const lines = driver.commands.map((command) => `  sudo ${command.join(" ")}`);
    console.error(
      "Cannot open a GPU: no WebGPU adapter found; install your GPU's driver, or a software one:\n" +
        lines.join("\n"),
    );
    return false;
  }
  console.log("No WebGPU adapter found; installing Mesa's software Vulkan driver");
  for (const command of driver.commands) {
    // A source that cannot be updated may still have what the next command wants: go on.
    if (!await run(command)) console.error(`"${command.join(" ")}" failed`);
  }
  if (await hasAdapter()) return true;
  console.error("Cannot open a GPU: no WebGPU adapter found; see above what the installation said");
  return false;
}

/** What a Linux system says it is; empty where it does not. */
export function readOsRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return ""; // a system without the file is one we know no package for
  }
}

async function run([program, ...args]: string[]): Promise<boolean> {
  console.log(`$ ${program} ${args.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  try {
    const { code } = await new Deno.Command(program, {
      args,
      env,
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return code === 0;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}

if (import.meta.main) process.exitCode = await ensureAdapter() ? 0 : 1;
