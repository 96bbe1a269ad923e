//! `cargo dev demo`: a call centre on this computer, with customers who really call, and the
//! app signed in as an agent.

use crate::{
    paths,
    process::{Background, cargo, npm, part, run as finish},
    setup::{self, Purpose},
};
use anyhow::{Context, Result, bail};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// Login and password of an agent in the demo data.
const AGENT: &str = "zhouqian:seatline-demo-2026";

/// How the demo runs.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ends by itself after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

/// Runs the demo until Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    let display = Display::find();
    part("set-up", || {
        setup::install(if display == Display::Virtual {
            Purpose::Headless
        } else {
            Purpose::Build
        })
    })?;
    part("build", || {
        finish(&mut npm(&["run", "--silent", "build"]))?;
        for package in ["seatline-center", "seatline-shell", "seatline-tests"] {
            finish(&mut cargo(&[
                "build",
                "--quiet",
                "--locked",
                "--package",
                package,
                "--bins",
            ]))?;
        }
        Ok(())
    })?;

    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver lives as long as the demo; a second Ctrl-C has nothing left to say.
        let _ = stop.send(());
    })?;

    let folder = paths::target().join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("cannot clear the last demo's data")?;
    }
    std::fs::create_dir_all(&folder)?;

    let mut programs = Background::default();
    let stage = match display {
        Display::Real => Vec::new(),
        Display::Virtual => start_virtual_desktop(&mut programs, &folder)?,
    };
    let centre = start_centre(&mut programs, &folder)?;
    start_app(&mut programs, &folder, &centre, &stage)?;
    start_customers(&mut programs, &centre)?;

    println!(
        "\nThe centre is at {}. The app opens signed in as zhouqian.",
        centre.url
    );
    println!("A customer calls in a few seconds. Ctrl-C ends all of it.");
    let until = options
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut picture = (display == Display::Virtual).then(|| {
        (
            Instant::now() + Duration::from_secs(20),
            folder.join("screen.png"),
        )
    });
    loop {
        if stopped.recv_timeout(Duration::from_millis(500)).is_ok() {
            println!("\nending");
            return Ok(());
        }
        if let Some(name) = programs.ended() {
            bail!("{name} ended by itself; its log is in {}", folder.display());
        }
        if let Some((_, file)) = picture.take_if(|(due, _)| *due <= Instant::now()) {
            take_picture(&file, &stage)?;
            println!(
                "There is no display here; a picture of the app is in {}",
                file.display()
            );
        }
        if until.is_some_and(|until| until <= Instant::now()) {
            return Ok(());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Display {
    Real,
    Virtual,
}

impl Display {
    fn find() -> Self {
        let has = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if cfg!(not(target_os = "linux")) || has("DISPLAY") || has("WAYLAND_DISPLAY") {
            Self::Real
        } else {
            Self::Virtual
        }
    }
}

type Environment = Vec<(&'static str, String)>;

/// A display, a sound server with a null microphone and speaker, for machines without.
fn start_virtual_desktop(programs: &mut Background, folder: &Path) -> Result<Environment> {
    let number = (90..200)
        .find(|n| !Path::new(&format!("/tmp/.X11-unix/X{n}")).exists())
        .context("no free display number")?;
    let display = format!(":{number}");
    programs.start(
        "Xvfb",
        Command::new("Xvfb")
            .args([&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )?;
    let runtime = folder.join("runtime");
    std::fs::create_dir_all(&runtime)?;
    let socket = runtime.join("sound.socket");
    programs.start(
        "pulseaudio",
        Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .arg(format!(
                "--load=module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .arg("--load=module-null-sink sink_name=speaker")
            .arg("--load=module-null-sink sink_name=room")
            .arg("--load=module-remap-source master=room.monitor source_name=microphone")
            .env("XDG_RUNTIME_DIR", &runtime)
            .stdout(Stdio::null())
            .stderr(log(folder, "pulseaudio")?),
    )?;
    wait_for("Xvfb", || {
        Path::new(&format!("/tmp/.X11-unix/X{number}")).exists()
    })?;
    wait_for("pulseaudio", || socket.exists())?;
    let environment = vec![
        ("DISPLAY", display),
        ("PULSE_SERVER", format!("unix:{}", socket.display())),
        ("XDG_RUNTIME_DIR", runtime.display().to_string()),
        // There is no graphics card to ask.
        ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".into()),
    ];
    programs.start("openbox", Command::new("openbox").envs(environment.clone()))?;
    Ok(environment)
}

struct Centre {
    url: String,
    certificate: PathBuf,
    trunk: SocketAddr,
    customers: SocketAddr,
}

fn start_centre(programs: &mut Background, folder: &Path) -> Result<Centre> {
    let data = folder.join("center");
    let api = free_tcp_port()?;
    let trunk = free_udp_port()?;
    let customers = free_udp_port()?;
    let config = folder.join("center.toml");
    std::fs::write(
        &config,
        format!(
            "[media]\naddress = \"127.0.0.1\"\n\
             [[trunks]]\nname = \"customers\"\nuri = \"sip:{customers};transport=udp\"\n\
             networks = [\"127.0.0.1/32\"]\n"
        ),
    )?;
    programs.start(
        "centre",
        Command::new(paths::built("seatline-center"))
            .arg("--demo")
            .arg("--config")
            .arg(&config)
            .arg("--data-dir")
            .arg(&data)
            .args(["--listen", &api.to_string()])
            .args(["--sip-udp", &trunk.to_string()])
            .stdout(log(folder, "center")?)
            .stderr(log(folder, "center-errors")?),
    )?;
    wait_for("the centre", || TcpStream::connect(api).is_ok())
        .with_context(|| format!("its log is in {}", folder.display()))?;
    Ok(Centre {
        url: format!("https://{api}"),
        certificate: data.join("certificate.pem"),
        trunk,
        customers,
    })
}

fn start_app(
    programs: &mut Background,
    folder: &Path,
    centre: &Centre,
    stage: &Environment,
) -> Result<()> {
    let app = paths::built("seatline");
    // Without a D-Bus session the app has neither keyring nor tray; give it one of its own.
    let alone = !stage.is_empty() && setup::exists("dbus-run-session");
    let mut command = if alone {
        let mut command = Command::new("dbus-run-session");
        command.arg("--").arg(app);
        command
    } else {
        Command::new(app)
    };
    programs.start(
        "app",
        command
            .arg("--data-dir")
            .arg(folder.join("desk"))
            .env("SEATLINE_CENTRE", &centre.url)
            .env("SEATLINE_CA", &centre.certificate)
            .env("SEATLINE_DEMO_SIGN_IN", AGENT)
            .envs(stage.iter().cloned())
            .stdout(log(folder, "app")?)
            .stderr(log(folder, "app-errors")?),
    )
}

fn start_customers(programs: &mut Background, centre: &Centre) -> Result<()> {
    programs.start(
        "customers",
        Command::new(paths::built("customers"))
            .args(["--trunk", &centre.trunk.to_string()])
            .args(["--listen", &centre.customers.to_string()]),
    )
}

fn take_picture(file: &Path, stage: &Environment) -> Result<()> {
    finish(
        Command::new("import")
            .args(["-window", "root"])
            .arg(file)
            .envs(stage.iter().cloned()),
    )
}

fn log(folder: &Path, name: &str) -> Result<std::fs::File> {
    Ok(std::fs::File::create(folder.join(format!("{name}.log")))?)
}

fn free_tcp_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn free_udp_port() -> Result<SocketAddr> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn wait_for(what: &str, ready: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !ready() {
        if Instant::now() > deadline {
            bail!("{what} did not start within 30 seconds");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
