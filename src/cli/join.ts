/** `spore join`: introduces the running spore to another one. */
import { openRunning } from './access.ts'
import type { CommandSpec } from './command.ts'
import { EXIT, unwrap } from './exit.ts'
import { describePeer } from './peers.ts'

export const spec: CommandSpec = {
  name: 'join',
  summary: 'Exchange with another spore',
  description:
    'The two spores then exchange the spaces that both are in, never "private", now and while both run. For addresses in your own network\n' +
    'both need SPORE_ALLOW_PRIVATE_ADDRESSES=true.',
  examples: [
    'spore join https://spore.example.org',
    'SPORE_ALLOW_PRIVATE_ADDRESSES=true spore start   # then: spore join http://192.168.1.20:7860',
  ],
  remote: true,
  configure: (command) => command.argument('<peer>', 'URL where the other spore answers'),
  run: async (context, [url]) => {
    await using access = await openRunning(context.load(), context.signal)
    const peer = unwrap(await access.addPeer(url as string))
    context.output.result(describePeer(peer), peer)
    return EXIT.ok
  },
}
