/** What each payload would do, and the text itself. Where it works, `pwned` turns up in a place that its author has no business in. */
type Payload = readonly [does: string, text: string]

/** What GitHub's runner, finding it in a log, would obey. */
export const COMMANDS: readonly Payload[] = [
  ['an annotation', '::error::pwned'],
  ['an annotation in capitals', '::ERROR::pwned'],
  ['an annotation with properties', '::warning file=app.js,line=1,title=pwned::pwned'],
  ['an output', '::set-output name=outcome::pwned'],
  ['a state', '::save-state name=hold::pwned'],
  ['a variable', '::set-env name=PATH::/pwned'],
  ['a mask over words of the log', '::add-mask::canary'],
  ['an end of commands', '::stop-commands::pwned'],
  ['a problem matcher', '::add-matcher::/tmp/pwned.json'],
  ['the old form, anywhere in a line', 'text ##[error]pwned'],
  ['the old form of a mask', '##[add-mask]canary'],
  ['a mask after a carriage return', 'text\r::add-mask::canary'],
  ['an annotation after both', 'text\r\n::error::pwned'],
  ['an annotation after a line break', 'text\n::error::pwned'],
  ['an annotation after U+2028', 'text\u2028::error::pwned'],
  ['an annotation after U+0085', '\u0085::error::pwned'],
  ['an annotation after a form feed', '\f\v::error::pwned'],
  ['an annotation after blanks of Unicode', '\u3000\u00a0\u2009::error::pwned'],
  ['an annotation after a colour', '\u001b[0m::error::pwned'],
  ['an annotation within a colour', ':\u001b[31m:error::pwned'],
  ['an annotation after a soft hyphen, which .NET overlooks', '\u00ad::error::pwned'],
  ['an annotation around one', ':\u00ad:error::pwned'],
  ['the old form around one', '#\u00ad#[error]pwned'],
  ['an annotation after a variation selector', '\ufe0f::error::pwned'],
  ['an annotation around a joiner', ':\u034f:error::pwned'],
  ['an annotation after a tag character', '\u{e0001}::error::pwned'],
  ['an annotation after a byte order mark', '\ufeff::error::pwned'],
  ['escaped line breaks', '%0A::error::pwned%0D%0A::error::pwned'],
  ['a longer old form', '###[error]pwned'],
]

/** What a terminal would obey. */
export const TERMINAL: readonly Payload[] = [
  ['the clipboard (OSC 52)', '\u001b]52;c;cHduZWQ=\u0007'],
  ['the title, never ended', '\u001b]0;pwned'],
  ['a link', '\u001b]8;;http://evil.example/\u001b\\click\u001b]8;;\u001b\\'],
  ['a cleared screen', '\u001b[2J\u001b[H'],
  ['a line drawn over', 'text\u001b[1A\u001b[2Kpwned'],
  ['the same in C1', '\u009b2J\u009d52;c;cHduZWQ=\u009c'],
  ['an answer typed for the user', '\u001b[6n\u001b[c\u001bP$q"p\u001b\\'],
  ['a mouse', '\u001b[?1000h\u001b[?1049h'],
  ['backspaces', 'safe\b\b\b\bpwned'],
  ['a bell and a null', '\u0007\u0000'],
  ['reversed text', 'gpj.\u202eexe\u2066\u2069'],
  ['Arabic reversal', '\u061c1 \u200f2'],
  ['an escape within an escape', '\u001b\u001b[31m[31mred'],
]

/** What markdown, HTML or GitHub's additions to them would act on. */
export const MARKUP: readonly Payload[] = [
  ['a script', '<script>pwned()</script>'],
  ['an image that fails', '<img src=x onerror=pwned()>'],
  ['an image', '![pwned](https://evil.example/x.png)'],
  ['a link', '[click](javascript:pwned())'],
  ['a reference', '[pwned]: https://evil.example'],
  ['a bare link', 'https://evil.example/ http://evil.example www.evil.example'],
  ['an address', '<https://evil.example> a@evil.example <a@evil.example>'],
  ['a mention', '@ada @org/team'],
  ['a mention by entities', '&#64;ada &commat;ada'],
  ['an issue', '#1 org/repo#1 GH-1'],
  ['a table that breaks', 'a | b | c\n|---|---|\n| d |'],
  ['code', '`a` ``b`` ```\ncode\n```'],
  ['a fence', '~~~\npwned\n~~~\n```mermaid\ngantt\n```'],
  ['a heading', '# pwned\n===\n## pwned\n---'],
  ['a list', '- pwned\n* pwned\n+ pwned\n1. pwned\n1) pwned'],
  ['a quote', '> pwned\n> [!CAUTION]\n> pwned'],
  ['code by blanks', '    pwned'],
  ['mathematics', '$`x`$ $$\\href{javascript:pwned()}{x}$$'],
  ['emphasis', '**a** __b__ *c* _d_ ~~e~~'],
  ['hidden text', '<!-- pwned --> <details><summary>x</summary>'],
  ['a footnote', '[^1] [^1]: pwned'],
  ['an emoji', ':tada: :warning:'],
  ['escapes', '\\<b\\> \\`'],
]

/** What mermaid, in a Gantt chart, would act on. */
export const CHART: readonly Payload[] = [
  ['a section', 'section pwned'],
  ['a title', 'title pwned'],
  ['a click', 'click pwned href "javascript:pwned()"'],
  ['a call', 'click pwned call pwned()'],
  ['a format', 'dateFormat YYYY'],
  ['a date', '2026-01-01 pwned'],
  ['a marker', 'todayMarker off'],
  ['a directive', '%%{init: {"securityLevel": "loose"}}%%'],
  ['a task of its own', 'pwned :crit, 0, 1\n pwned :done, 0, 1'],
  ['a comment', '%% pwned'],
  ['entities', '#lt;script#gt; #35;'],
  ['a statement', 'a; section pwned; b'],
]

/** What files of `name<<delimiter`, JSON, shells and prototypes would act on. */
export const FILES: readonly Payload[] = [
  ['a delimiter', 'x\nghadelimiter_0\noutcome=pwned\nEOF\n'],
  ['an output of its own', 'x\noutcome=pwned'],
  ['a heredoc of its own', 'x\noutcome<<EOF\npwned\nEOF'],
  ['JSON', '","outcome":"pwned","x":"'],
  ['a quote in a shell', "'; echo pwned; '"],
  ['a substitution', '$(echo pwned) `echo pwned` $\x7b{ secrets.PWNED }}'],
  ['a quote in PowerShell', '\u2019; echo pwned; \u2018'],
  ['a prototype', '__proto__'],
  ['halves of characters', '\ud83d text \udca9'],
  ['nothing', ''],
  ['blanks', ' \t\u3000 '],
  ['much', 'canary '.repeat(20_000)],
  ['many escapes', '\u001b['.repeat(50_000)],
]

export const HOSTILE: readonly Payload[] = [...COMMANDS, ...TERMINAL, ...MARKUP, ...CHART, ...FILES]

/** Nothing that a terminal obeys, that reverses or hides text, or that ends a line. */
export const INERT = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]*$/u
