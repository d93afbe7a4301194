// @ts-check
/** A failure whose message is all a person needs: printed without a stack. */
export class UserError extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
