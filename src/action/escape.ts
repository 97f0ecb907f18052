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
  const escaped = oneLine(text, longest)
    // Blanks at the beginning would make it code.
    .trimStart()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_{}[\]()#+\-.!|~:$=]/g, (character) => `&#${character.charCodeAt(0)};`)
  return (
    escaped
      // A bare domain would become a link.
      .replace(/www(?=&#46;)/gi, (www) => `&#${www.charCodeAt(0)};${www.slice(1)}`)
      // Mentions and addresses are looked for in the text that is left when markdown and entities are read: there it stands alone.
      .replaceAll('@', '<span>@</span>')
  )
}

/** A name in a mermaid chart, where `:`, `;`, `#`, `%`, `,` and braces have a meaning. */
export function chartName(text: string): string {
  return (
    oneLine(text, 60)
      .replace(/[^\p{L}\p{N} ._/=+-]/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim() || '?'
  )
}
