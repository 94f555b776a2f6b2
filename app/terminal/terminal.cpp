#include "app/terminal/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bourse {

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool wants_color() {
  const char* none = std::getenv("NO_COLOR");
  return is_terminal(STDOUT_FILENO) && (none == nullptr || *none == '\0');
}

LiveTerminal::LiveTerminal() {
  if (is_terminal(STDIN_FILENO) && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    has_keys_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  std::fputs("\x1b[?1049h\x1b[?25l", stdout);  // alternate screen, no cursor
}

LiveTerminal::~LiveTerminal() {
  std::fputs("\x1b[?25h\x1b[?1049l", stdout);
  std::fflush(stdout);
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void LiveTerminal::show(std::string_view screen) {
  std::string out = "\x1b[H";  // home; each line is cleared to its end, then what is below
  for (char c : screen) {
    if (c == '\n')
      out += "\x1b[K\r\n";
    else
      out += c;
  }
  out += "\x1b[J";
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

bool LiveTerminal::quit_pressed() {
  if (!has_keys_) return false;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (::poll(&input, 1, 0) > 0) {
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) <= 0) return true;
    if (key == 'q' || key == 'Q') return true;
  }
  return false;
}

ScreenSize LiveTerminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0) return {};
  return {window.ws_row, window.ws_col};
}

}  // namespace bourse
