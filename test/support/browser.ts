import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { chromium, type LaunchOptions, type Page } from "playwright-core";
import { chromiumPath } from "./config.ts";
import { prepareFolder } from "./prepare-folder.ts";
import { patienceMs } from "./until.ts";

export interface OpenBrowser {
  /** With cookies and a cache of its own; it waits as long for what it is told to as tests do. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const debianChromium = "/usr/bin/chromium";

/** Pages come from this machine: no sandbox (tests may run as root), nothing fetched behind a test's back. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The package's own fonts come first, so that pages have letters on a machine that has none. */
const fontsConfig = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">.</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/**
 * Opens a headless Chromium: the one that CHROMIUM_PATH names, else the system's, else npm's. Throws what to install
 * when none of them runs.
 */
export async function openBrowser(): Promise<OpenBrowser> {
  const errors: unknown[] = [];
  for (const candidate of candidates()) {
    try {
      const browser = await chromium.launch({
        headless: true,
        args: flags,
        timeout: patienceMs,
        ...(await candidate()),
      });
      const newPage = async () => {
        const page = await browser.newPage();
        page.setDefaultTimeout(patienceMs);
        return page;
      };
      return { newPage, close: () => browser.close() };
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(
    errors,
    "no Chromium runs here: install Debian's packages chromium or libnss3, or set CHROMIUM_PATH",
  );
}

function candidates(): (() => LaunchOptions | Promise<LaunchOptions>)[] {
  const at = (executablePath: string) => () => ({ executablePath });
  if (chromiumPath !== undefined) return [at(chromiumPath)];
  return existsSync(debianChromium) ? [at(debianChromium), npmChromium] : [npmChromium];
}

/**
 * Unpacked by its own package, in a process whose temp folder is ours: in the real one two tests would collide. With the
 * libraries that a bare machine lacks (NSS, expat), which the package keeps for the cloud that this variable names.
 */
async function npmChromium(): Promise<LaunchOptions> {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@sparticuz/chromium");
  const manifest = await readFile(join(dirname(entry), "../package.json"), "utf8");
  const folder = await prepareFolder(
    `chromium-with-libraries-${JSON.parse(manifest).version}`,
    async (aside) => {
      const unpack = `import chromium from ${JSON.stringify(entry)}; await chromium.executablePath();`;
      await promisify(execFile)(process.execPath, ["--input-type=module", "-e", unpack], {
        env: { TMPDIR: aside, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" },
      });
      await writeFile(join(aside, "fonts/fonts.conf"), fontsConfig);
    },
  );
  return {
    executablePath: join(folder, "chromium"),
    env: {
      HOME: folder,
      FONTCONFIG_PATH: join(folder, "fonts"),
      LD_LIBRARY_PATH: join(folder, "al2023/lib"),
    },
  };
}
