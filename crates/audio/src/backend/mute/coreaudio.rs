//! macOS: the mute of a device's input (`kAudioDevicePropertyMute`).

use std::ptr::{NonNull, null};

use objc2_core_audio::{
    AudioObjectGetPropertyData, AudioObjectHasProperty, AudioObjectID, AudioObjectPropertyAddress,
    AudioObjectPropertySelector, kAudioDevicePropertyMute,
    kAudioHardwarePropertyTranslateUIDToDevice, kAudioObjectPropertyElementMain,
    kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyScopeInput, kAudioObjectSystemObject,
};
use objc2_core_foundation::{CFRetained, CFString};

/// Why CoreAudio does not say.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    /// There is no such device.
    #[error("there is no such device")]
    Unknown,
    /// Its input cannot be muted.
    #[error("its input cannot be muted")]
    NoMute,
    /// What CoreAudio answered.
    #[error("CoreAudio answers {0}")]
    Status(i32),
}

/// A microphone.
pub(super) struct Microphone {
    device: AudioObjectID,
}

impl Microphone {
    /// Finds it by its unique id.
    pub(super) fn find(id: &str) -> Result<Self, Silence> {
        let id: CFRetained<CFString> = CFString::from_str(id);
        let pointer: *const CFString = &raw const *id;
        let address = address(
            kAudioHardwarePropertyTranslateUIDToDevice,
            kAudioObjectPropertyScopeGlobal,
        );
        let mut device: AudioObjectID = 0;
        let mut size = size_of::<AudioObjectID>() as u32;
        // SAFETY: the property takes a pointer to a string and its size, and writes one object id,
        // whose size is given; all of them live through the call.
        let status = unsafe {
            AudioObjectGetPropertyData(
                kAudioObjectSystemObject as AudioObjectID,
                NonNull::from(&address),
                size_of::<*const CFString>() as u32,
                (&raw const pointer).cast(),
                NonNull::from(&mut size),
                NonNull::from(&mut device).cast(),
            )
        };
        if status != 0 {
            return Err(Silence::Status(status));
        }
        if device == 0 {
            return Err(Silence::Unknown);
        }
        // SAFETY: the address lives through the call.
        let mutes = unsafe { AudioObjectHasProperty(device, NonNull::from(&mute())) };
        if mutes {
            Ok(Self { device })
        } else {
            Err(Silence::NoMute)
        }
    }

    pub(super) fn is_muted(&self) -> Result<bool, Silence> {
        let mut muted: u32 = 0;
        let mut size = size_of::<u32>() as u32;
        // SAFETY: the property takes nothing and writes one number, whose size is given; all of
        // them live through the call.
        let status = unsafe {
            AudioObjectGetPropertyData(
                self.device,
                NonNull::from(&mute()),
                0,
                null(),
                NonNull::from(&mut size),
                NonNull::from(&mut muted).cast(),
            )
        };
        match status {
            0 => Ok(muted != 0),
            status => Err(Silence::Status(status)),
        }
    }
}

fn mute() -> AudioObjectPropertyAddress {
    address(kAudioDevicePropertyMute, kAudioObjectPropertyScopeInput)
}

fn address(selector: AudioObjectPropertySelector, scope: u32) -> AudioObjectPropertyAddress {
    AudioObjectPropertyAddress {
        mSelector: selector,
        mScope: scope,
        mElement: kAudioObjectPropertyElementMain,
    }
}
