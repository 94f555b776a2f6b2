#include "tests/matching/hot_path_guard.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#if !BOURSE_SANITIZED
namespace {

// Written by every thread that allocates, read by the test; a count, so relaxed.
std::atomic<std::uint64_t> allocations{0};

void* take(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

void* take(std::size_t bytes, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (bytes + align) / align * align)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes); }
void* operator new[](std::size_t bytes) { return take(bytes); }
void* operator new(std::size_t bytes, std::align_val_t align) { return take(bytes, align); }
void* operator new[](std::size_t bytes, std::align_val_t align) { return take(bytes, align); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace bourse {

std::optional<std::uint64_t> allocation_count() {
#if BOURSE_SANITIZED
  return std::nullopt;
#else
  return allocations.load(std::memory_order_relaxed);
#endif
}

namespace trap {
namespace {

// What the child's exit status says.
constexpr int status_finished = 0;
constexpr int status_trapped = 10;
constexpr int status_no_filter = 11;

int report_pipe[2] = {-1, -1};

// Under the filter: write and exit_group are let through, for this handler's sake.
void on_trapped(int, siginfo_t* info, void*) {
  const long number = info->si_syscall;
  static_cast<void>(!::write(report_pipe[1], &number, sizeof number));
  ::_exit(status_trapped);
}

}  // namespace

bool is_possible() {
#if defined(__x86_64__) && !BOURSE_SANITIZED
  return true;
#else
  return false;
#endif
}

int start_child() {
  if (::pipe(report_pipe) != 0) std::abort();
  std::fflush(nullptr);
  return ::fork();
}

void trap_system_calls() {
  struct sigaction action{};
  action.sa_sigaction = on_trapped;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
  const auto allow_if = [](std::uint32_t number, std::uint8_t jump) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, jump, 0);
  };
  std::array<sock_filter, 6> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      allow_if(__NR_write, 3),
      allow_if(__NR_exit_group, 2),
      allow_if(__NR_rt_sigreturn, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(status_no_filter);
  }
}

void finish_child() { ::_exit(status_finished); }

std::optional<ChildResult> wait_for_child(int child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) std::abort();
  ::close(report_pipe[1]);
  long number = -1;
  if (::read(report_pipe[0], &number, sizeof number) != sizeof number) number = -1;
  ::close(report_pipe[0]);
  if (WIFEXITED(status) && WEXITSTATUS(status) == status_no_filter) return std::nullopt;
  return ChildResult{number, WIFEXITED(status) && WEXITSTATUS(status) == status_finished};
}

}  // namespace trap
}  // namespace bourse
