import { readFile } from 'node:fs/promises'
import { defineConfig } from 'vitest/config'

/** Scripts for the server are files of their own; the bundler's text loader does the same for the build. */
const lua = {
  name: 'lua-as-text',
  async load(id: string) {
    return id.endsWith('.lua') ? `export default ${JSON.stringify(await readFile(id, 'utf8'))}` : undefined
  },
}

export default defineConfig({
  plugins: [lua],
  // Most tests wait for real processes most of the time: four files at once, and many of those tests that may run side by side.
  test: { include: ['test/**/*.test.ts'], maxConcurrency: 20, maxWorkers: 4 },
})
