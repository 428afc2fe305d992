const USER_INFO = /\b((?:https?|git|ssh):\/\/)([^/?#\s"'<>]*)@/gi;

/**
 * The text with the user and password of every web and Git URL in it as `xxxxx`: for names, progress, messages and
 * records (`urlutil.RedactCredentials`).
 */
export function redactUrls(text: string): string {
  return text.replace(USER_INFO, (_, scheme: string, user: string) => {
    const [name = '', password] = user.split(/:(.*)/s);
    return `${scheme}${name && 'xxxxx'}${password === undefined ? '' : ':xxxxx'}@`;
  });
}
