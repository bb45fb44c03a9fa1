// baton: the load-balancer pair in one program.

#include <cstdio>

int main() {
  std::fputs("baton " BATON_VERSION "\n", stderr);
  return 2;
}
