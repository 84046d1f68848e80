// The Chromium of this machine, without a window.
import {existsSync} from "node:fs";
import {chromium} from "playwright-core";

export function launch({transport}) {
  const executablePath = process.env.ORRERY_CHROMIUM ??
      ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  if (!executablePath) throw new Error("Chromium is missing");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
           ...(transport === "tls" ? ["--ignore-certificate-errors"] : [])],
  });
}
