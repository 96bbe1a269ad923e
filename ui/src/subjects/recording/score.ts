/** Scoring as arithmetic: what is answered, and what it comes to. */
import type { ScoreAnswer, ScoreForm, ScoreQuestion } from "$ipc/bindings";

/** Weighted points of what applies, in percent; nothing while nothing is answered. */
export function percentOf(
  questions: readonly ScoreQuestion[],
  answers: readonly ScoreAnswer[],
): number | null {
  let reached = 0;
  let whole = 0;
  for (const question of questions) {
    const points = answers.find((answer) => answer.question === question.id)?.points;
    if (points == null) continue;
    reached += (question.weight * points) / question.most;
    whole += question.weight;
  }
  return whole > 0 ? Math.round((100 * reached) / whole) : null;
}

/** The questions nobody has answered yet; one that does not apply is answered. */
export function openQuestions(form: ScoreForm, answers: readonly ScoreAnswer[]): ScoreQuestion[] {
  return form.questions.filter((q) => !answers.some((answer) => answer.question === q.id));
}

/** The answers with one more or another one. */
export function withAnswer(answers: readonly ScoreAnswer[], next: ScoreAnswer): ScoreAnswer[] {
  return [...answers.filter((answer) => answer.question !== next.question), next];
}

/** A question's share of the whole, in percent. */
export function shareOf(form: ScoreForm, question: ScoreQuestion): number {
  const whole = form.questions.reduce((sum, each) => sum + each.weight, 0);
  return Math.round((100 * question.weight) / Math.max(1, whole));
}
