import type { Frame, Run, Size } from './terminal.ts'

/** In pixels. A character is 0.6 of its font's size wide in the monospaced fonts that there are. */
const FONT_SIZE = 14
const [CELL, LINE, MARGIN, TITLE] = [8.4, 20, 16, 36]
const FONTS = 'ui-monospace,SFMono-Regular,Menlo,Consolas,Liberation Mono,monospace'
/** The terminal's first eight colours, readable on its background. */
const COLOURS = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#e6edf3']

/**
 * An animated SVG of what a terminal showed, without any script: its frames one below the other, moved by a CSS animation. Where that does
 * not play, or whoever looks wants no motion, the frame `still` is to be seen.
 * @param lastMs how long the last frame stays
 */
export function renderFilm(
  frames: readonly Frame[],
  { columns, rows }: Size,
  { title, still, lastMs }: { title: string; still: Frame; lastMs: number },
): string {
  const [width, height] = [columns * CELL + 2 * MARGIN, rows * LINE + TITLE + MARGIN]
  const began = frames[0]?.atMs ?? 0
  const endMs = (frames.at(-1)?.atMs ?? 0) - began + lastMs
  const offset = (frame: Frame) => -frames.indexOf(frame) * rows * LINE
  const steps = frames.map(
    (frame) => `${fixed(((frame.atMs - began) / endMs) * 100)}%{transform:translateY(${offset(frame)}px)}`,
  )
  const used = new Set(frames.flatMap(({ lines }) => lines.flat().flatMap(({ colour }) => colour ?? [])))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fixed(width)} ${height}" width="${fixed(width)}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>
text{font:${FONT_SIZE}px ${FONTS};fill:#e6edf3;white-space:pre}
.title{fill:#8b949e}.dim{fill:#7d8590}.bold{font-weight:bold}
${[...used].map((colour) => `.c${colour}{fill:${COLOURS[colour % 8]}}`).join('')}
.film{animation:play ${fixed(endMs / 1_000)}s step-end infinite}
@keyframes play{${steps.join('')}}
@media (prefers-reduced-motion:reduce){.film{animation:none}}
</style>
<rect x=".5" y=".5" width="${fixed(width - 1)}" height="${height - 1}" rx="8" fill="#0d1117" stroke="#30363d"/>
<text class="title" x="${MARGIN}" y="24">${escaped(title)}</text>
<svg x="${MARGIN}" y="${TITLE}" width="${fixed(columns * CELL)}" height="${rows * LINE}">
<g class="film" transform="translate(0 ${offset(still)})">
${frames.map((frame) => `<g transform="translate(0 ${-offset(frame)})">${pictureOf(frame)}</g>`).join('\n')}
</g>
</svg>
</svg>
`
}

function pictureOf({ lines }: Frame): string {
  return lines.flatMap((runs, row) => runs.map((run) => textOf(run, row * LINE + FONT_SIZE))).join('')
}

/** Each run as wide as it was in the terminal, whatever font is there. */
function textOf({ column, text, colour, dim, bold }: Run, y: number): string {
  const classes = [colour === undefined ? '' : `c${colour}`, dim ? 'dim' : '', bold ? 'bold' : ''].filter(
    Boolean,
  )
  const look = classes.length > 0 ? ` class="${classes.join(' ')}"` : ''
  const size = `x="${fixed(column * CELL)}" y="${y}" textLength="${fixed([...text].length * CELL)}"`
  return `<text${look} ${size} lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`
}

function fixed(value: number): string {
  return String(Number(value.toFixed(2)))
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
