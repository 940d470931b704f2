/** explain_trust: what this spore's trust in an author rests on. */
import { z } from 'zod'
import { ok } from '../../../core/base/result.ts'
import { type TrustView, trustSchema } from '../../../core/protocol/api.ts'
import { wholeCharacters } from '../budget.ts'
import { harmless } from '../fence.ts'
import { defineTool, READS } from '../tool.ts'
import { rounded } from './get-trust.ts'

/** Domains, reasons and faults of one reply, and characters of a text in it: a page, however many there are. */
const DOMAINS_SHOWN = 16
const REASONS_SHOWN = 16
const TEXT_CHARS_SHOWN = 240

export const explainTrustTool = defineTool({
  name: 'explain_trust',
  title: 'Explain trust',
  description:
    'Why this spore trusts an author as far as it does: outcomes by domain, faults, what its operator set, and the reasons in words.',
  annotations: READS,
  input: z.strictObject({ author: z.string().describe('did:key of the author, or its last 8 characters') }),
  output: z.object({
    ...trustSchema.shape,
    domainsTotal: z.number().int().describe('How many domains there are; the first are shown'),
  }),
  async handle({ author }, { backend }) {
    const found = await backend.trust(author)
    return found.ok ? ok(toReply(found.value)) : found
  },
})

/** Domains and reasons hold words of others: short, on one line, and none that looks like a fence. */
function toReply(view: TrustView) {
  const { domains, override } = view
  return {
    ...view,
    trust: rounded(view.trust),
    uncertainty: rounded(view.uncertainty),
    lower: rounded(view.lower),
    domains: domains.slice(0, DOMAINS_SHOWN).map((domain) => ({
      domain: plain(domain.domain),
      trust: rounded(domain.trust),
      uncertainty: rounded(domain.uncertainty),
      lower: rounded(domain.lower),
      own: outcomes(domain.own),
      others: outcomes(domain.others),
    })),
    domainsTotal: domains.length,
    override: override && { ...override, reason: override.reason === null ? null : plain(override.reason) },
    faults: view.faults.slice(0, REASONS_SHOWN).map(plain),
    reasons: view.reasons.slice(0, REASONS_SHOWN).map(plain),
  }
}

const outcomes = ({ right, wrong }: { readonly right: number; readonly wrong: number }) => ({
  right: rounded(right),
  wrong: rounded(wrong),
})

function plain(text: string): string {
  const line = harmless(text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' '))
  return line.length <= TEXT_CHARS_SHOWN ? line : `${wholeCharacters(line, TEXT_CHARS_SHOWN - 1)}…`
}
