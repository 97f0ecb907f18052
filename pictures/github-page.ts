import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export type Theme = 'light' | 'dark'
export const THEMES: readonly Theme[] = ['light', 'dark']

/** What GitHub draws the charts with. */
export const MERMAID = file('mermaid/dist/mermaid.min.js')

const BACKGROUND: Record<Theme, string> = { light: '#ffffff', dark: '#0d1117' }

/** A page that shows markdown as GitHub shows a step's summary: GitHub-flavoured, in GitHub's own style sheet. */
export function githubPage(markdown: string, theme: Theme): string {
  const body = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  return `<!doctype html>
<meta charset="utf-8">
<style>${readFileSync(file(`github-markdown-css/github-markdown-${theme}.css`), 'utf8')}</style>
<style>
  body { margin: 0; background: ${BACKGROUND[theme]}; }
  .markdown-body { padding: 24px 32px; font-family: "Liberation Sans", "Noto Color Emoji", sans-serif; }
  .chart { display: flow-root; }
</style>
<article class="markdown-body">${body}</article>`
}

/** Draws the charts of the page. Throws what mermaid says of a chart that it can't read. */
export function drawCharts(theme: Theme): string {
  return `(async () => {
    mermaid.initialize({ startOnLoad: false, theme: '${theme === 'dark' ? 'dark' : 'default'}' })
    for (const [at, code] of document.querySelectorAll('code.language-mermaid').entries()) {
      const place = document.createElement('div')
      place.className = 'chart'
      code.parentElement.replaceWith(place)
      await mermaid.parse(code.textContent)
      place.innerHTML = (await mermaid.render('chart-' + at, code.textContent, place)).svg
    }
  })()`
}

function file(name: string): string {
  return fileURLToPath(new URL(`./node_modules/${name}`, import.meta.url))
}
