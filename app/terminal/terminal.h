// The terminal while a live screen is shown: keys without Enter, a screen of its own, and
// everything put back at the end.
//   Shape:   one object for the time of the screen; none is needed for pipes.
//   Owner:   the main thread.
//   Errors:  none; without a terminal all calls do nothing.
#pragma once

#include <termios.h>

#include <string>
#include <string_view>

#include "app/terminal/book_screen.h"  // ScreenSize

namespace bourse {

bool is_terminal(int descriptor);
bool wants_color();  // stdout is a terminal and NO_COLOR is not set

class LiveTerminal {
 public:
  LiveTerminal();
  ~LiveTerminal();
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;

  void show(std::string_view screen);  // replaces what was shown
  bool quit_pressed();                 // q, or the end of the input
  ScreenSize size() const;

 private:
  termios before_{};
  bool has_keys_ = false;
};

}  // namespace bourse
