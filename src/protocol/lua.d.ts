/** A script's text. The bundler and the test runner both load it as a string. */
declare module '*.lua' {
  const text: string
  export default text
}
