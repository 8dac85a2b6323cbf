fn main() -> std::process::ExitCode {
    ecsight::tty::install_reports();
    ecsight::cli::main()
}
