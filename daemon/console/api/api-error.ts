import type { Problem } from '../../contract/api-errors.js';

/** The code of the error when the box cannot be reached from this browser. */
export const unreachable = 'core-unreachable';

/** Why a call failed, as the API tells it. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly remedy: string | undefined;
  /** More for programs, by code. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | undefined;

  constructor(problem: Partial<Problem>, status: number) {
    super(problem.message ?? '');
    this.code = problem.code ?? 'internal';
    this.status = status;
    this.remedy = problem.remedy;
    this.details = problem.details ?? {};
    this.requestId = problem.requestId;
  }
}

/** True for an error of the API with this code. */
export function isApiError(error: unknown, ...codes: readonly string[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code));
}
