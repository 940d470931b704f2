/** `spore token`: bearer tokens of this data folder. A token is shown once; its hash is what is kept. */
import { Argument } from 'commander'
import { createToken, readTokens, revokeToken, SCOPES, type Scope, type TokenRow } from '../config/tokens.ts'
import { SporeError } from '../core/protocol/errors.ts'
import { type CommandContext, type CommandSpec, listOption } from './command.ts'
import { EXIT, type ExitCode, UsageError } from './exit.ts'
import { oneLine } from './terminal-text.ts'

export const spec: CommandSpec = {
  name: 'token',
  summary: 'Create, list and revoke bearer tokens',
  description:
    'Needed to reach a spore from other machines: a bind beyond loopback is refused without one. A running spore takes\n' +
    'new tokens and drops revoked ones at once. Scopes are kept with the token; every token may use the whole API until\n' +
    'scopes are enforced.',
  examples: [
    'spore token create --name laptop --scope read,write',
    'spore token list',
    'spore token revoke 1a2b3c4d',
  ],
  configure: (command) =>
    command
      .addArgument(new Argument('<action>', 'what to do').choices(['create', 'list', 'revoke']))
      .argument('[id]', 'of the token to revoke')
      .option('--name <name>', 'what the token is for', '')
      .addOption(listOption('--scope <names>', `${SCOPES.join(', ')}; default read,write`)),
  run: async (context, [action, id]) => {
    const { home } = context.load().config
    if (action === 'create') return create(home, context)
    if (action === 'list') return list(home, context)
    return revoke(home, id as string | undefined, context)
  },
}

function create(home: string, { options, output }: CommandContext): ExitCode {
  const scopes = (options.scope as readonly string[] | undefined) ?? ['read', 'write']
  const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope))
  if (unknown !== undefined || scopes.length === 0)
    throw new UsageError(`unknown scope "${unknown ?? ''}"; scopes are ${SCOPES.join(', ')}`)
  const { row, token } = createToken(home, {
    name: options.name as string,
    scopes: scopes as Scope[],
    now: Date.now(),
  })
  const { id, name } = row
  output.note(`token ${id}, shown this once:`)
  output.result(token.reveal(), { id, name, scopes: row.scopes, token: token.reveal() })
  return EXIT.ok
}

function list(home: string, { output }: CommandContext): ExitCode {
  const tokens = readTokens(home).map(({ id, name, scopes, createdAt }) => ({ id, name, scopes, createdAt }))
  output.result(tokens.length === 0 ? 'no tokens' : tokens.map(describeToken).join('\n'), { tokens })
  return EXIT.ok
}

const describeToken = ({ id, name, scopes, createdAt }: Omit<TokenRow, 'sha256'>): string =>
  `${id}  ${createdAt}  ${scopes.join(',')}  ${oneLine(name, 64)}`

function revoke(home: string, id: string | undefined, { output }: CommandContext): ExitCode {
  if (id === undefined) throw new UsageError('name the token to revoke: "spore token list" shows the ids')
  if (!revokeToken(home, id)) throw new SporeError('TOKEN_INVALID', `there is no token ${id} in ${home}`)
  output.result(`revoked ${id}`, { revoked: id })
  return EXIT.ok
}
