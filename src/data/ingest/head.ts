import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { UserError } from '../../lib/errors.ts';

const HEAD_BYTES = 1 << 18;

/** The beginning of an export file, decompressed, as text without byte order mark. */
export interface FileHead {
  readonly text: string;
  /** Whether `text` is the whole file. */
  readonly isWhole: boolean;
  readonly isGzip: boolean;
}

/**
 * Reads the first 256 KB of `file` (decompressed where it is gzip, whatever it is called).
 * @throws UserError when the file is a directory, empty, UTF-16, or not gzip although it is called `.gz`
 */
export function readHead(file: string, label: string): FileHead {
  const { size } = openFile(file, label);
  const bytes = Buffer.alloc(Math.min(size, HEAD_BYTES));
  const handle = openSync(file, 'r');
  try {
    readSync(handle, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(handle);
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip && file.endsWith('.gz')) {
    throw new UserError(`${label} is called .gz but is not gzip-compressed`, {
      hint: 'Rename it without .gz, or compress it again.',
    });
  }
  const plain = isGzip ? gunzipHead(bytes, label) : bytes;
  if (plain.length === 0) throw emptyFile(label);
  checkEncoding(plain, label);
  const isMarked = plain[0] === 0xef && plain[1] === 0xbb && plain[2] === 0xbf;
  const text = plain.subarray(isMarked ? 3 : 0).toString('utf8');
  if (text.trim() === '') throw emptyFile(label);
  return { text, isWhole: size <= HEAD_BYTES && !isGzip, isGzip };
}

function openFile(file: string, label: string): { size: number } {
  try {
    const { size } = statSync(file);
    closeSync(openSync(file, 'r'));
    if (size === 0) throw emptyFile(label);
    return { size };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${label} cannot be opened for reading`, {
      hint: 'Check that it is a file and that you may read it.',
      cause: error,
    });
  }
}

function gunzipHead(bytes: Buffer, label: string): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 28 });
  } catch (error) {
    throw new UserError(`${label} is damaged: its gzip data cannot be decompressed`, {
      hint: 'Export or copy it again.',
      cause: error,
    });
  }
}

function emptyFile(label: string): UserError {
  return new UserError(`${label} is empty (line 1): it has neither a header nor rows`, {
    hint: 'Export it again, or remove it from `tables:` in retain.yaml.',
  });
}

function checkEncoding(bytes: Buffer, label: string): void {
  const hasMark = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const sample = bytes.subarray(0, 400);
  const zeros = sample.filter((byte) => byte === 0).length;
  if (hasMark || zeros > sample.length / 4) {
    throw new UserError(`${label} is encoded as UTF-16 (line 1), which retain does not read`, {
      hint: 'Save it as UTF-8: in Excel "CSV UTF-8 (comma delimited)", elsewhere `iconv -f UTF-16 -t UTF-8`.',
    });
  }
}
