import type { Preset } from './preset.ts';

/** Every vendor retain knows, in alphabetical order. */
export const PRESETS: readonly Preset[] = [];
