import { parse } from 'yaml'

/** What GitHub needs of each element, and what it knows beside that. https://docs.github.com/communities/using-templates */
const ELEMENTS: Readonly<Record<string, { readonly needs: string; readonly knows: readonly string[] }>> = {
  markdown: { needs: 'value', knows: [] },
  textarea: { needs: 'label', knows: ['description', 'placeholder', 'value', 'render'] },
  input: { needs: 'label', knows: ['description', 'placeholder', 'value'] },
  dropdown: { needs: 'label', knows: ['description', 'multiple', 'options', 'default'] },
  checkboxes: { needs: 'label', knows: ['description', 'options'] },
}
const FORM = ['name', 'description', 'title', 'labels', 'assignees', 'projects', 'type', 'body']

interface Element {
  readonly type?: string
  readonly id?: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** Why GitHub would not show an issue form; nothing when it would. */
export function checkIssueForm(text: string): string[] {
  const form = parse(text) as Readonly<Record<string, unknown>>
  const elements = Array.isArray(form.body) ? (form.body as Element[]) : []
  const ids = elements.flatMap(({ id }) => id ?? [])
  return [
    ...unknown('the form', form, FORM),
    ...['name', 'description'].filter((key) => !isText(form[key])).map((key) => `the form has no ${key}`),
    ...(elements.some(({ type }) => type !== 'markdown') ? [] : ['the form asks for nothing']),
    ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `two elements have the id ${id}`),
    ...elements.flatMap(checkElement),
  ]
}

function checkElement(element: Element, at: number): string[] {
  const { type = '', id, attributes = {} } = element
  const name = id ?? `element ${at + 1}`
  const known = ELEMENTS[type]
  if (!known) return [`${name} is of the type "${type}", which is none`]
  const { options } = attributes
  return [
    ...unknown(name, element, ['type', 'id', 'attributes', ...(type === 'markdown' ? [] : ['validations'])]),
    ...unknown(name, attributes, [known.needs, ...known.knows]),
    ...(isText(attributes[known.needs]) ? [] : [`${name} has no ${known.needs}`]),
    ...(id === undefined || /^[\w-]+$/.test(id) ? [] : [`${name} is no id: letters, digits, - and _`]),
    ...(!known.knows.includes('options') || (Array.isArray(options) && areOptions(type, options))
      ? []
      : [`${name} has no options, or not different ones`]),
  ]
}

function areOptions(type: string, options: readonly unknown[]): boolean {
  const labels = type === 'checkboxes' ? options.map((one) => (one as { label?: unknown }).label) : options
  return labels.length > 0 && labels.every(isText) && new Set(labels).size === labels.length
}

/** Why GitHub would not read config.yml of the forms. */
export function checkIssueConfig(text: string): string[] {
  const { contact_links: links = [], ...rest } = parse(text) as { contact_links?: Record<string, string>[] }
  return [
    ...unknown('config.yml', rest, ['blank_issues_enabled']),
    ...links.flatMap((link) => [
      ...['name', 'url', 'about'].filter((key) => !isText(link[key])).map((key) => `a link has no ${key}`),
      ...(URL.canParse(link.url ?? '') ? [] : [`"${link.url}" is no address`]),
    ]),
  ]
}

function unknown(where: string, what: object, known: readonly string[]): string[] {
  return Object.keys(what)
    .filter((key) => !known.includes(key))
    .map((key) => `${where} has a key "${key}", which GitHub does not know`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
