//! Windows: the mute of an endpoint (`IAudioEndpointVolume`).

use std::marker::PhantomData;

use windows::Win32::Media::Audio::Endpoints::IAudioEndpointVolume;
use windows::Win32::Media::Audio::{IMMDeviceEnumerator, MMDeviceEnumerator};
use windows::Win32::System::Com::{
    CLSCTX_ALL, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx, CoUninitialize,
};
use windows::core::{HSTRING, Result};

/// COM on this thread, until dropped.
struct Com(PhantomData<*const ()>);

impl Com {
    fn enter() -> Result<Self> {
        // SAFETY: the thread is the caller's own and has chosen no apartment; it leaves with `Com`.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }.ok()?;
        Ok(Self(PhantomData))
    }
}

impl Drop for Com {
    fn drop(&mut self) {
        // SAFETY: entered on this thread, which `Com` cannot leave.
        unsafe { CoUninitialize() }
    }
}

/// A microphone; used on the thread that found it.
pub(super) struct Microphone {
    volume: IAudioEndpointVolume,
    // Left after the interface, for fields are dropped in order.
    _com: Com,
}

impl Microphone {
    /// Finds it by the id of its endpoint.
    pub(super) fn find(id: &str) -> Result<Self> {
        let com = Com::enter()?;
        // SAFETY: COM is entered; each call takes only values that live through it, and gives an
        // interface that counts its own references.
        let volume = unsafe {
            let devices: IMMDeviceEnumerator =
                CoCreateInstance(&MMDeviceEnumerator, None, CLSCTX_ALL)?;
            let device = devices.GetDevice(&HSTRING::from(id))?;
            device.Activate(CLSCTX_ALL, None)?
        };
        Ok(Self { volume, _com: com })
    }

    pub(super) fn is_muted(&self) -> Result<bool> {
        // SAFETY: a live interface on the thread that made it.
        unsafe { self.volume.GetMute() }.map(|muted| muted.as_bool())
    }
}
