/** What a spore needs to search by meaning, made from its configuration. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../adapters/clock.ts'
import { createHttpEmbedder, type HttpEmbedder } from '../adapters/embedders/http-embedder.ts'
import { systemRandom } from '../adapters/random.ts'
import { createThreadedVectorIndex } from '../adapters/vectors/threaded-vector-index.ts'
import { VECTOR_FILE } from '../adapters/vectors/vector-engine.ts'
import { isLoopbackHost, type LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/base/ports.ts'
import type { DensePorts, EmbeddedEntries } from '../core/retrieval/dense.ts'

export interface OpenDense extends AsyncDisposable {
  readonly ports: DensePorts
}

/**
 * Null where no model is configured and none ever was. Where one was, its vectors are kept in step with what is visible all the
 * same: what is purged must be gone from them too.
 * With `isPassive` nothing is embedded.
 */
export function openDense({ config, secrets }: LoadedConfig, log: Log, isPassive: boolean): OpenDense | null {
  const { embeddings, durability, home } = config
  const folder = durability === 'disk' ? home : null
  const embedder = openEmbedder(config, secrets)
  if (!embedder && (folder === null || !existsSync(join(folder, VECTOR_FILE)))) return null
  return {
    ports: {
      embedder,
      vectors: createThreadedVectorIndex({ folder, log }),
      options: {
        entries: entriesOf(embeddings),
        foreignCharsPerDay: embeddings.foreignCharsPerDay,
        queryTimeoutMs: embeddings.queryTimeoutMs,
        isPassive,
      },
    },
    async [Symbol.asyncDispose]() {
      await embedder?.[Symbol.asyncDispose]()
    },
  }
}

function openEmbedder(
  { embeddings }: Config,
  { embeddingsKey }: LoadedConfig['secrets'],
): HttpEmbedder | null {
  const { url, model, batch, dimensions, textChars, documentPrefix, queryPrefix } = embeddings
  if (url === null || model === null) return null
  return createHttpEmbedder(
    {
      url,
      model,
      key: embeddingsKey && (() => embeddingsKey.reveal()),
      dimensions,
      batchTexts: batch,
      textChars,
      documentPrefix,
      queryPrefix,
    },
    { clock: systemClock, random: systemRandom },
  )
}

/** On this machine nothing is given away; elsewhere a closed space stays closed. */
function entriesOf({ entries, url }: Config['embeddings']): EmbeddedEntries {
  if (entries !== 'auto') return entries
  return url !== null && isLoopbackHost(new URL(url).hostname) ? 'all' : 'open'
}
