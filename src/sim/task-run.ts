/** Tasks in a world: who is asked, who lies, and what must hold in the end. */

import type { SimRandom } from './random.ts'
import { createLiar, type Liar } from './task-liar.ts'
import { createMinds, type Minds } from './task-minds.ts'
import type { TaskPlan } from './task-plan.ts'
import type { World } from './world.ts'

/** The models of every whole spore, by its place; null at the others. */
export function equipAll(plan: TaskPlan, random: SimRandom): (place: number) => Minds | null {
  const minds = plan.minds.map((_, place) => createMinds(plan, place, random.stream(`minds ${place}`)))
  return (place) => minds[place] ?? null
}

/** The last spores of the world are the liars. */
export const liarsOf = (world: World, { minds }: TaskPlan): Liar[] =>
  world.nodes.slice(minds.length).map((node) => createLiar(node, world))
