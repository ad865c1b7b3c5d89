//! `RebootDBInstance`: a restart, or the failover of a Multi-AZ instance to its standby.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::answering::Done;
use super::aurora::wrong_instance;
use super::database::Health;
use super::events::InstanceNews;
use super::key::Key;
use super::reply::{Refusal, Reply};

impl Estate {
    pub(crate) fn reboot_instance(
        &mut self,
        at: Timestamp,
        region: &str,
        id: &str,
        force_failover: bool,
    ) -> Done {
        let key = self.instance_key(region, id)?;
        let Some(instance) = self.instances.get_mut(&key) else {
            return Err(Self::no_instance(id));
        };
        if instance.status != "available" {
            return Err(wrong_instance(&format!("Instance {} is not in available state.", key.id)));
        }
        let standby = instance.cluster.is_none() && instance.secondary_availability_zone.is_some();
        if force_failover && !standby {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "ForceFailover cannot be specified since the instance is not configured for Multi-AZ.",
            ));
        }
        if force_failover {
            instance.generation += 1;
            instance.status = "rebooting".into();
            instance.health = Health::Restarting;
            let generation = instance.generation;
            let promotion = self.settings.delays.promotion;
            let seconds = self.draw(promotion);
            self.tell_instance(at, &key, InstanceNews::StandbyFailoverStarted);
            self.plan(at, seconds, Occurrence::StandbyTakesOver { instance: key.clone(), generation });
        } else {
            self.restart_instance(at, &key, true);
        }
        let instance = self.instances.get(&key).ok_or_else(|| Self::no_instance(id))?;
        let effect = if force_failover { "failover to the standby of" } else { "reboot of" };
        Ok((Reply::Instance(Box::new(instance.clone())), Some(format!("{effect} {}", key.id))))
    }

    pub(crate) fn standby_takes_over(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(instance) = self.instances.get_mut(key).filter(|found| found.generation == generation)
        else {
            return;
        };
        if let Some(standby) = instance.secondary_availability_zone.as_mut() {
            std::mem::swap(standby, &mut instance.availability_zone);
        }
        instance.status = "available".into();
        instance.health = Health::Serving;
        self.tell_instance(at, key, InstanceNews::StandbyFailoverCompleted);
        let endpoint = self.settings.delays.endpoint;
        let seconds = self.draw(endpoint);
        self.plan(at, seconds, Occurrence::AddressMoves { instance: key.clone(), generation });
    }

    pub(crate) fn address_moves(&mut self, key: &Key, generation: u64) {
        let address = self.next_address();
        if let Some(instance) = self.instances.get_mut(key).filter(|found| found.generation == generation) {
            instance.address = address;
        }
    }

    /// An address on loopback that no other instance has had.
    pub(crate) fn next_address(&mut self) -> Ipv4Addr {
        self.addresses += 1;
        Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 0, 10).to_bits().saturating_add(self.addresses))
    }
}
