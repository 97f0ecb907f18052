import { writeFileSync } from 'node:fs'
import puppeteer, { type Browser } from 'puppeteer-core'

/** Device pixels to a pixel, so that a picture is sharp on a screen of today. */
const SCALE = 2

/** A headless browser that draws pages. Leaving its scope ends it. */
export interface Camera extends AsyncDisposable {
  /**
   * Draws `html` as wide as `width`, and as high as it comes to be, into the PNG `file`.
   * @param ready waits in the page for what it must wait for; what it throws is thrown here
   */
  shoot(html: string, file: string, options: ShotOptions): Promise<void>
}

interface ShotOptions {
  readonly width: number
  /** script files to load into the page first */
  readonly scripts?: readonly string[]
  /** an expression that is evaluated in the page before the picture is taken */
  readonly ready?: string
}

/** @param executablePath a chromium */
export async function openCamera(executablePath: string): Promise<Camera> {
  const browser = await puppeteer.launch({
    executablePath,
    // As root, in a container, there is no sandbox to be had; nothing but this repository's own pages is shown.
    args: ['--no-sandbox', '--force-color-profile=srgb', '--font-render-hinting=none'],
  })
  return {
    shoot: (html, file, options) => shoot(browser, html, file, options),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function shoot(
  browser: Browser,
  html: string,
  file: string,
  { width, scripts = [], ready }: ShotOptions,
): Promise<void> {
  const page = await browser.newPage()
  try {
    await page.setViewport({ width, height: 100, deviceScaleFactor: SCALE })
    await page.setContent(html, { waitUntil: 'load' })
    for (const path of scripts) await page.addScriptTag({ path })
    if (ready !== undefined) await page.evaluate(ready)
    writeFileSync(file, await page.screenshot({ fullPage: true, type: 'png' }))
  } finally {
    await page.close()
  }
}
