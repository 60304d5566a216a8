import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** What the build is made of; tests/it/playground.rs compares it with what is there. */
const SOURCES = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "public", "src"];

/** Brings what Vite made into `build/`, where the service embeds it: every file compressed, and what it was made of. */
function pack(): Plugin {
  return {
    name: "pack",
    apply: "build",
    closeBundle() {
      rmSync("build", { recursive: true, force: true });
      for (const file of filesOf("dist")) {
        const target = `${file.replace("dist", "build")}.gz`;
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, gzipSync(readFileSync(file), { level: 9 }));
      }
      const sums = SOURCES.flatMap(filesOf).sort().map((file) => `${sha256(file)}  ${file}\n`);
      writeFileSync("build/sources.sha256", sums.join(""));
    },
  };
}

/** The file itself, or all that are in the folder. */
function filesOf(path: string): string[] {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path];
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

export default defineConfig({
  // The page works under any path, as long as the graph is beside it.
  base: "./",
  plugins: [react(), pack()],
  worker: { format: "es" },
  build: { assetsDir: "playground", target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 4_000 },
  server: { proxy: Object.fromEntries(["/graphql", "/playground"].map((path) => [path, { target: "http://127.0.0.1:8080", ws: true }])) },
});
