// Compiles src/ to dist/, copies the SQL beside the code that reads it, and drops what has no source any more.
// Files are written in place, so that a run that is reading dist/ at that moment never finds it gone.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
cpSync(join(root, 'src'), join(root, 'dist'), { recursive: true, filter: (path) => !path.endsWith('.ts') });
for (const file of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  if (!file.isFile()) continue;
  const path = join(file.parentPath, file.name);
  const source = path.replace(join(root, 'dist'), join(root, 'src'));
  const isCompiled = existsSync(source.replace(/(\.d\.ts|\.js)$/, '.ts'));
  if (!isCompiled && !existsSync(source)) rmSync(path);
}
process.exitCode = status ?? 1;
