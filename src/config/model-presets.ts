/**
 * Providers by name: where they are, which variable their own documents name for the key, and how they differ (as documented in
 * November 2026). No model and no price stands here: those change by the month, and what is paid is the operator's word.
 */
import type { ChatDialect } from '../adapters/models/chat-wire.ts'

export interface ProviderPreset {
  /** Base URL. */
  readonly url: string
  /** Environment variable that holds the key, as the provider's documents call it. */
  readonly keyVariable: string
  readonly dialect: ChatDialect
}

/** What OpenAI's successors copy, and local servers (Ollama, llama.cpp, vLLM, LM Studio) understand. */
export const DEFAULT_DIALECT: ChatDialect = {
  tokensField: 'max_tokens',
  structure: 'schema',
  hasStreamUsage: true,
}

const REASONING: ChatDialect = { ...DEFAULT_DIALECT, tokensField: 'max_completion_tokens' }
const ANY_JSON: ChatDialect = { ...DEFAULT_DIALECT, structure: 'object' }

export const PRESETS = {
  openai: { url: 'https://api.openai.com/v1', keyVariable: 'OPENAI_API_KEY', dialect: REASONING },
  openrouter: {
    url: 'https://openrouter.ai/api/v1',
    keyVariable: 'OPENROUTER_API_KEY',
    dialect: DEFAULT_DIALECT,
  },
  groq: { url: 'https://api.groq.com/openai/v1', keyVariable: 'GROQ_API_KEY', dialect: REASONING },
  cerebras: { url: 'https://api.cerebras.ai/v1', keyVariable: 'CEREBRAS_API_KEY', dialect: REASONING },
  mistral: {
    url: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    // It tells the usage of a stream unasked, and refuses fields that it does not know.
    dialect: { ...DEFAULT_DIALECT, hasStreamUsage: false },
  },
  google: {
    url: 'https://generativelanguage.googleapis.com/v1beta/openai',
    keyVariable: 'GEMINI_API_KEY',
    dialect: DEFAULT_DIALECT,
  },
  xai: { url: 'https://api.x.ai/v1', keyVariable: 'XAI_API_KEY', dialect: DEFAULT_DIALECT },
  zai: { url: 'https://api.z.ai/api/paas/v4', keyVariable: 'ZAI_API_KEY', dialect: ANY_JSON },
  deepseek: { url: 'https://api.deepseek.com', keyVariable: 'DEEPSEEK_API_KEY', dialect: ANY_JSON },
  huggingface: {
    url: 'https://router.huggingface.co/v1',
    keyVariable: 'HF_TOKEN',
    dialect: DEFAULT_DIALECT,
  },
  github: {
    url: 'https://models.github.ai/inference',
    keyVariable: 'GITHUB_TOKEN',
    dialect: DEFAULT_DIALECT,
  },
  together: { url: 'https://api.together.ai/v1', keyVariable: 'TOGETHER_API_KEY', dialect: DEFAULT_DIALECT },
  anthropic: {
    url: 'https://api.anthropic.com/v1',
    keyVariable: 'ANTHROPIC_API_KEY',
    // Its compatible interface ignores `response_format`.
    dialect: { ...DEFAULT_DIALECT, structure: 'words' },
  },
} as const satisfies Readonly<Record<string, ProviderPreset>>

export type PresetName = keyof typeof PRESETS
