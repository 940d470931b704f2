/** Every MCP tool; each file under `tools/` is one of them. */
import type { Tool } from './tool.ts'
import { collectiveKnowledgeTool } from './tools/collective-knowledge.ts'
import { explainTrustTool } from './tools/explain-trust.ts'
import { getMemoryTool } from './tools/get-memory.ts'
import { getTaskTool } from './tools/get-task.ts'
import { getTrustTool } from './tools/get-trust.ts'
import { listTasksTool } from './tools/list-tasks.ts'
import { queryMemoryTool } from './tools/query-memory.ts'
import { rememberTool } from './tools/remember.ts'
import { submitTaskTool } from './tools/submit-task.ts'
import { swarmHealthTool } from './tools/swarm-health.ts'

export const tools: readonly Tool[] = [
  rememberTool,
  queryMemoryTool,
  getMemoryTool,
  collectiveKnowledgeTool,
  submitTaskTool,
  getTaskTool,
  listTasksTool,
  getTrustTool,
  explainTrustTool,
  swarmHealthTool,
]
