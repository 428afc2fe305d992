#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Greets who is named, in the words of the configuration. */
int main(int count, char **words) {
  char greeting[64];
  FILE *file = fopen(CONFIGURATION, "r");
  if (!file || !fgets(greeting, sizeof greeting, file)) {
    fprintf(stderr, "greet: %s: %s\n", CONFIGURATION, strerror(errno));
    return 1;
  }
  greeting[strcspn(greeting, "\n")] = '\0';
  printf("%s, %s\n", greeting, count > 1 ? words[1] : "you");
  return 0;
}
