/** Copy-paste lines that connect agents to this spore, over HTTP and over stdio. */
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export interface ConnectionOptions {
  readonly url: string
  readonly home: string
  /** True where requests need a bearer token. */
  readonly tokenRequired: boolean
}

/**
 * The stdio lines name this Node and this checkout or package by their full paths: a desktop application starts them
 * without a shell, a working folder or an npm to find them by.
 */
export function describeConnections({ url, home, tokenRequired }: ConnectionOptions): string {
  const endpoint = `${url}/mcp`
  const args = [fileURLToPath(new URL('../../bin/spore.js', import.meta.url)), 'mcp', '--home', home]
  const stdio = { command: process.execPath, args }
  const headers = tokenRequired ? { headers: { Authorization: 'Bearer <token>' } } : {}
  const header = tokenRequired ? ' --header "Authorization: Bearer <token>"' : ''
  return [
    'Connect an agent (MCP)',
    `  Claude Code     claude mcp add --transport http spore ${endpoint}${header}`,
    `    or by stdio   claude mcp add spore -- ${[stdio.command, ...args].map(shellQuote).join(' ')}`,
    '  Cursor          in ~/.cursor/mcp.json',
    `                  ${servers({ url: endpoint, ...headers })}`,
    '  Claude Desktop  in claude_desktop_config.json (Settings › Developer › Edit Config)',
    `                  ${servers(stdio)}`,
    ...(tokenRequired ? ['  <token>         from "spore token create"'] : []),
  ].join('\n')
}

const servers = (server: object): string => JSON.stringify({ mcpServers: { spore: server } })

/** As POSIX shells take it; plain words stay as they are. */
const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
