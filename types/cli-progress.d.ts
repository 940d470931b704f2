/** The part of `cli-progress` that the CLI uses. */
declare module 'cli-progress' {
  interface Options {
    readonly format?: string
    readonly stream?: NodeJS.WritableStream
    readonly hideCursor?: boolean
    readonly clearOnComplete?: boolean
    readonly etaBuffer?: number
  }
  class SingleBar {
    constructor(options: Options, preset?: object)
    start(total: number, value: number, payload?: Readonly<Record<string, unknown>>): void
    update(value: number, payload?: Readonly<Record<string, unknown>>): void
    setTotal(total: number): void
    stop(): void
  }
  const Presets: { readonly shades_classic: object }
  const cliProgress: { readonly SingleBar: typeof SingleBar; readonly Presets: typeof Presets }
  export default cliProgress
}
