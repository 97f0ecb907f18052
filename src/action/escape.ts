import { oneLine } from '../one-line.ts'

/**
 * Texts that come from a participant, from git or from Heroku, made inert for the place where they are shown.
 * What a terminal, the runner, a markdown renderer or mermaid would act on is shown, or left out, but never obeyed.
 */

/**
 * A line of the log. The runner obeys `::command::` at a line's beginning, also after blanks, and `##[command]` anywhere in it
 * (https://github.com/actions/runner, src/Runner.Common/ActionCommand.cs).
 */
export function logLine(text: string): string {
  return oneLine(text)
    .replace(/^(\s*):(?=:)/, '$1: ')
    .replaceAll('##[', '## [')
}

/** Text in a markdown paragraph or table cell, without any meaning to markdown or HTML. */
export function markdown(text: string, longest = 300): string {
  return escaped(beginning(text, longest))
}

/**
 * The same of a sentence for the reader, in which what stands between two backticks, such as a command to type, is shown as code.
 * That is all that such a text can do, whoever wrote it.
 */
export function markdownSentence(text: string, longest: number): string {
  return beginning(text, longest)
    .split(/`([^`]+)`/)
    .map((piece, at) => (at % 2 === 0 ? escaped(piece) : `<code>${escaped(piece)}</code>`))
    .join('')
}

/** A link in a markdown paragraph or table cell. What is percent-encoded in `url` already stays as it is. */
export function markdownLink(text: string, url: string): string {
  return `[${markdown(text)}](<${encodeURI(url).replaceAll('%25', '%').replaceAll('&', '&amp;')}>)`
}

/** A name in a mermaid chart, where `:`, `;`, `#`, `%`, `,` and braces have a meaning. Of a long one the middle is left out. */
export function chartName(text: string): string {
  const name = oneLine(text)
    .replace(/[^\p{L}\p{N} ._/=+-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...name]
  if (characters.length <= LONGEST_NAME) return name || '?'
  // The end tells which dyno it is, and what it does.
  const half = Math.floor(LONGEST_NAME / 2)
  return `${characters.slice(0, half).join('')}…${characters.slice(-half).join('')}`
}

const LONGEST_NAME = 48

/** Blanks at the beginning would make it code. */
function beginning(text: string, longest: number): string {
  return oneLine(text, longest).trimStart()
}

function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/[\\`*_{}[\]()#+\-.!|~:$=]/g, (character) => `&#${character.charCodeAt(0)};`)
      // A bare domain would become a link.
      .replace(/www(?=&#46;)/gi, (www) => `&#${www.charCodeAt(0)};${www.slice(1)}`)
      // Mentions and addresses are looked for in the text that is left when markdown and entities are read: there it stands alone.
      .replaceAll('@', '<span>@</span>')
  )
}
