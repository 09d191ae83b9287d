import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Many minutes of real processes, not yet seen green in one go: RETAIN_SLOW=1 runs them.
    exclude: process.env['RETAIN_SLOW'] === undefined ? ['test/cli/broken.test.ts', 'test/cli/kill.test.ts'] : [],
    globalSetup: ['test/helpers/build.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
